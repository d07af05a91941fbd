import { Page } from '../components/page.js';
import { html } from '../lib/html.js';
import { t } from '../lib/i18n.js';
import { linkTo } from '../lib/router.js';
import { nowMs, session } from '../lib/store.js';
import { clock } from '../lib/time.js';

/** A resident's first screen: to see, to hear again, to call. Nothing here acts on the village. */
export default function Resident() {
  const phone = session.value?.village.head_phone;
  const time = html`<span class="clock">${clock(nowMs.value)}</span>`;
  return html`<${Page} title=${session.value?.village.name ?? ''} aside=${time}>
    <nav class="cards">
      <a class="card" href=${linkTo('cameras')} data-test="card-cameras"><b>${t('resident.cameras')}</b>
        <span class="sentence">${t('resident.cameras_says')}</span></a>
      <a class="card" href=${linkTo('announcements')} data-test="card-announcements"><b>${t('resident.hear')}</b>
        <span class="sentence">${t('resident.hear_says')}</span></a>
      ${phone && html`<a class="card" href=${`tel:${phone.replace(/[^+\d]/g, '')}`} data-test="call-head">
        <b>${t('resident.call')}</b><span class="sentence">${phone}</span></a>`}
    </nav>
    <a class="button" href=${linkTo('settings')} data-test="more">${t('settings.title')}</a>
  <//>`;
}
