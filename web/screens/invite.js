import { Choices } from '../components/controls.js';
import { Page } from '../components/page.js';
import { attempt } from '../lib/acts.js';
import * as api from '../lib/api.js';
import { html, useRef, useState } from '../lib/html.js';
import { t } from '../lib/i18n.js';
import { nowMs, say } from '../lib/store.js';
import { dated } from '../lib/time.js';

/** @typedef {{ link: string, expires_at: string, qr?: string }} Code */

/** @param {{ code: Code }} props */
function Card({ code }) {
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  const copy = async () => {
    field.current?.focus();
    field.current?.select();
    try {
      await navigator.clipboard.writeText(code.link);
      say(t('invite.copied'), 'good');
    } catch {
      // On plain http there is no clipboard; the text stands selected to be copied by hand.
      say(t('invite.copy_by_hand'));
    }
  };
  const send = () => void navigator.share({ text: code.link }).catch(() => {});
  return html`<section data-test="invite-card">
    ${code.qr && html`<img class="qr" src=${code.qr} alt=${t('invite.qr')} data-test="invite-qr" />`}
    <p>${t('invite.scan')}</p>
    <p class="quiet">${t('invite.until', { time: dated(code.expires_at, nowMs.value) })}</p>
    <div class="field"><label for="invite-link">${t('invite.link')}</label>
      <input id="invite-link" ref=${field} readonly value=${code.link} data-test="invite-link" /></div>
    <button type="button" class="button main act" data-test="invite-copy" onClick=${copy}>${t('invite.copy')}</button>
    ${'share' in navigator && html`<button type="button" class="button" onClick=${send}>${t('invite.share')}</button>`}
  </section>`;
}

/** A one-time link for somebody else, as a picture to scan and a text to send. */
export default function Invite() {
  const [role, setRole] = useState('resident');
  const [code, setCode] = useState(/** @type {Code | null} */ (null));
  const make = () => attempt(async () => setCode(await api.post('/sign-in-codes', { role })));
  /** @param {string} value */
  const choose = (value) => {
    setRole(value);
    setCode(null);
  };
  return html`<${Page} title=${t('invite.title')} back="more">
    <${Choices} tall legend=${t('invite.who')} value=${role} onChange=${choose} test="invite-role"
      options=${[{ value: 'resident', label: t('invite.resident') }, { value: 'head', label: t('invite.head') }]} />
    ${code ? html`<${Card} code=${code} />
      <button type="button" class="button" onClick=${make}>${t('invite.another')}</button>`
      : html`<button type="button" class="button main act" data-test="invite-make" onClick=${make}>${t('invite.make')}</button>`}
  <//>`;
}
