import { HearAgain } from '../components/sound.js';
import { Missing, Page } from '../components/page.js';
import { Sign } from '../components/signs.js';
import { audienceOf } from '../lib/audience.js';
import * as api from '../lib/api.js';
import { html, useEffect, useState } from '../lib/html.js';
import { capital, t } from '../lib/i18n.js';
import { go } from '../lib/router.js';
import { announcements, EMPTY_DRAFT, isHead, nowMs, setDraft, takeAnswer, zones } from '../lib/store.js';
import { dated } from '../lib/time.js';
import { findTemplate, written } from '../lib/templates.js';

/** @typedef {import('../lib/types.js').Delivery} Delivery */

/** @type {Record<Delivery['state'], 'waiting' | 'sounding' | 'good' | 'unconfirmed' | 'dark' | 'unknown'>} */
const SHAPE = {
  queued: 'waiting', playing: 'sounding', played: 'good', failed: 'unconfirmed', stopped: 'dark', unanswered: 'unknown',
};

/** @param {{ one: Delivery }} props */
function Heard({ one }) {
  const time = one.at ? dated(one.at, nowMs.value) : '';
  return html`<li class="line" data-test="delivery" data-device=${one.device} data-state=${one.state}>
    <${Sign} state=${SHAPE[one.state]} />
    <span><b>${one.name}</b><br /><span class="sentence">${t(`delivery.${one.state}`)}${time && `, ${time}`}</span></span>
  </li>`;
}

function correct() {
  const template = findTemplate('correction');
  if (!template) return;
  setDraft({ ...EMPTY_DRAFT, template: template.id, text: written(template, {}) });
  go('announce');
}

/**
 * One announcement, and what became of it at each loudspeaker.
 *
 * @param {{ id: string }} props
 */
export default function AnnouncementScreen({ id }) {
  const [gone, setGone] = useState(false);
  const one = announcements.value.get(id);
  useEffect(() => {
    api.get(`/announcements/${id}`).then((whole) => takeAnswer('announcement', whole), () => setGone(true));
  }, [id]);
  if (!one) {
    return gone ? html`<${Missing} back="announcements" />`
      : html`<${Page} title=${t('announcement.title')} back="announcements"><p class="quiet">${t('loading')}</p><//>`;
  }
  const facts = [dated(one.created_at, nowMs.value), one.by, capital(audienceOf(one.zones, zones.value))];
  return html`<${Page} title=${t('announcement.title')} back="announcements">
    <div data-test="announcement" data-announcement=${one.id} data-state=${one.state}>
      <p class="sentence" role="status"><b>${t(`announcement.${one.state}`)}</b></p>
      <p class="quiet">${facts.filter(Boolean).join(' · ')}</p>
      <blockquote>${one.spoken || one.text}</blockquote>
      ${one.audio && html`<${HearAgain} src=${one.audio} />`}
      ${isHead.value && one.deliveries && html`<h2>${t('announcement.each')}</h2>
        <ul class="plain">${one.deliveries.map((heard) => html`<${Heard} key=${heard.device} one=${heard} />`)}</ul>`}
    </div>
    ${isHead.value && html`<button type="button" class="button" data-test="correct" onClick=${correct}>
      ${t('announcement.correct')}</button>`}
  <//>`;
}
