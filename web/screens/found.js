import { Page, Wait } from '../components/page.js';
import { html } from '../lib/html.js';
import { t } from '../lib/i18n.js';
import { linkTo } from '../lib/router.js';
import { found, nowMs } from '../lib/store.js';
import { ago } from '../lib/time.js';

/** @typedef {import('../lib/types.js').Found} Found */

/** @param {Found} one */
export const foundTitle = (one) => t(`found.kind_${one.kind}`);

/** The inbox: what has made itself heard and has no name yet. */
export default function FoundScreen() {
  const waiting = [...found.value.values()];
  return html`<${Page} title=${t('found.title')} back="more">
    <${Wait}>
      <p>${waiting.length ? t('found.how') : t('found.none')}</p>
      <ul class="plain cards">
        ${waiting.map((one) => html`<li key=${one.id}>
          <a class="card" href=${linkTo('adopt', one.id)} data-test="found" data-address=${one.address}>
            <b>${foundTitle(one)}</b>
            <span class="sentence">${[one.name, one.model].filter(Boolean).join(', ')}</span>
            <span class="quiet">${t('found.number', { address: one.address })}${one.heard_at
              ? `, ${t('found.heard', { age: ago(one.heard_at, nowMs.value) })}` : ''}</span>
          </a>
        </li>`)}
      </ul>
    <//>
  <//>`;
}
