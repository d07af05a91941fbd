import { HearAgain } from '../components/sound.js';
import { Page, Wait } from '../components/page.js';
import * as api from '../lib/api.js';
import { html, useEffect, useState } from '../lib/html.js';
import { sayError, t } from '../lib/i18n.js';
import { linkTo } from '../lib/router.js';
import { announcements, isHead, nowMs, say, takeOlderAnnouncements } from '../lib/store.js';
import { dated } from '../lib/time.js';

/** @typedef {import('../lib/types.js').Announcement} Announcement */

/** @param {{ one: Announcement }} props */
function Spoken({ one }) {
  return html`<li data-test="announcement" data-announcement=${one.id} data-state=${one.state}>
    <p class="quiet">${dated(one.created_at, nowMs.value)} · ${t(`announcement.${one.state}`)}</p>
    <p class="words">${one.text}</p>
    ${one.audio && html`<${HearAgain} src=${one.audio} />`}
    ${isHead.value && html`<a class="button" href=${linkTo('announcement', one.id)} data-test="announcement-open"
      aria-label=${`${t('announcements.open')}: ${one.text}`}>${t('announcements.open')}</a>`}
  </li>`;
}

/** What the village has been told, newest first. */
export default function Announcements() {
  const [next, setNext] = useState(/** @type {string | null} */ (null));
  /** @param {string} cursor */
  const load = async (cursor) => {
    try {
      const page = await api.get(`/announcements${cursor ? `?cursor=${encodeURIComponent(cursor)}` : ''}`);
      takeOlderAnnouncements(page.items);
      setNext(page.next);
    } catch (error) {
      say(sayError(error), 'bad');
    }
  };
  useEffect(() => void load(''), []);
  const all = [...announcements.value.values()].sort(
    (a, b) => new Date(b.created_at).getTime() - new Date(a.created_at).getTime());
  return html`<${Page} title=${t('announcements.title')} back=${isHead.value ? 'announce' : 'home'}>
    <${Wait}>
      ${all.length === 0 && html`<p>${t('announcements.none')}</p>`}
      <ul class="plain rows-wide">${all.map((one) => html`<${Spoken} key=${one.id} one=${one} />`)}</ul>
      ${next && html`<button type="button" class="button" data-test="older" onClick=${() => void load(next)}>
        ${t('announcements.older')}</button>`}
    <//>
  <//>`;
}
