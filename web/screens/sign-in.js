import { Page } from '../components/page.js';
import { TextField } from '../components/controls.js';
import { html, useState } from '../lib/html.js';
import { t } from '../lib/i18n.js';
import { codeIn } from '../lib/text.js';

/**
 * @param {object} props
 * @param {string} props.problem why the last try failed, in words
 * @param {(code: string) => Promise<void>} props.onCode
 */
export default function SignIn({ problem, onCode }) {
  const [text, setText] = useState('');
  const [busy, setBusy] = useState(false);
  /** @param {Event} event */
  const send = async (event) => {
    event.preventDefault();
    if (busy || !codeIn(text)) return;
    setBusy(true);
    await onCode(codeIn(text));
    setBusy(false);
  };
  return html`<${Page} title=${t('sign_in.title')}>
    <div role="status">${problem && html`<p class="notice" data-test="sign-in-problem">${problem}</p>`}</div>
    <p>${t('sign_in.how')}</p>
    <form onSubmit=${send}>
      <${TextField} label=${t('sign_in.paste')} value=${text} onChange=${setText} test="sign-in-code" most=${600} />
      <button class="button main act" data-test="sign-in-send">${busy ? t('sign_in.busy') : t('sign_in.enter')}</button>
    </form>
    <p class="quiet">${t('sign_in.whom')}</p>
  <//>`;
}
