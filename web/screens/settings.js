import { Choices } from '../components/controls.js';
import { Page } from '../components/page.js';
import { attempt } from '../lib/acts.js';
import * as api from '../lib/api.js';
import { html, useState } from '../lib/html.js';
import { t } from '../lib/i18n.js';
import { canInstall, install } from '../lib/phone.js';
import { bigText, isHead, language, session, setBigText, setLanguage } from '../lib/store.js';

function Install() {
  const [ready, setReady] = useState(canInstall());
  if (!window.isSecureContext) return html`<p data-test="needs-https">${t('install.needs_https')}</p>`;
  const ask = async () => {
    await install();
    setReady(canInstall());
  };
  if (ready) return html`<button type="button" class="button main act" data-test="install" onClick=${ask}>${t('install.button')}</button>`;
  return html`<p>${t('install.android')}</p><p>${t('install.iphone')}</p>`;
}

/** How this phone shows the village, and who it is for. */
export default function Settings() {
  const signOut = () => attempt(async () => {
    await api.remove('/session');
    location.replace('/');
  });
  return html`<${Page} title=${t('settings.title')} back=${isHead.value ? 'more' : 'home'}>
    <${Choices} legend=${t('settings.size')} value=${bigText.value ? 'big' : 'normal'} test="size"
      options=${[{ value: 'normal', label: t('settings.normal') }, { value: 'big', label: t('settings.big') }]}
      onChange=${(/** @type {string} */ value) => setBigText(value === 'big')} />
    <${Choices} legend=${t('settings.language')} value=${language.value} test="language" onChange=${setLanguage}
      options=${[{ value: 'vi', label: 'Tiếng Việt' }, { value: 'en', label: 'English' }]} />
    <h2>${t('install.title')}</h2>
    <${Install} />
    <section class="apart">
      <p>${t('settings.name', { name: session.value?.person.name ?? '' })}</p>
      <button type="button" class="button" data-test="sign-out" onClick=${signOut}>${t('settings.sign_out')}</button>
    </section>
  <//>`;
}
