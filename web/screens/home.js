import { Page, Wait } from '../components/page.js';
import { concerns } from '../lib/attention.js';
import { html } from '../lib/html.js';
import { t } from '../lib/i18n.js';
import { count, countSentence, isUnheard } from '../lib/lamps.js';
import { linkTo } from '../lib/router.js';
import * as store from '../lib/store.js';
import { clock, isToday } from '../lib/time.js';
import { ofKind } from '../lib/village.js';

/** @param {{ name: string, test: string, says: string }} props */
function Card({ name, test, says }) {
  return html`<a class="card" href=${linkTo(name)} data-test=${test}>
    <b>${t(`card.${name}`)}</b><span class="sentence">${says}</span>
  </a>`;
}

function lightsSay() {
  const lamps = count(ofKind('light', store.devices.value), store.asked());
  if (lamps.total === 0) return t('lights.none_yet');
  return countSentence(lamps);
}

function announceSays() {
  if (store.sounding.value.some((one) => one.state === 'playing')) return t('announce.playing_now');
  if (store.sounding.value.length > 0) return t('announce.waiting_now');
  return t('announce.ways');
}

function camerasSay() {
  const all = [...store.cameras.value.values()];
  const seen = all.filter((camera) => camera.availability === 'online').length;
  const down = all.filter((camera) => camera.availability === 'offline').length;
  if (all.length === 0) return t('cameras.none_yet');
  if (seen === 0 && down === 0) return t('cameras.count', { n: all.length });
  return t('cameras.seen_of', { seen, total: all.length });
}

function wifiSays() {
  const all = ofKind('access_point', store.devices.value);
  if (all.length === 0) return t('wifi.none_yet');
  if (all.every(isUnheard)) return t('wifi.unheard_short');
  const on = all.filter((one) => one.state.on && !isUnheard(one));
  if (on.length === 0) return t('wifi.off_short');
  const stations = on.reduce((sum, one) => sum + (one.state.stations ?? 0), 0);
  return t('wifi.on_short', { n: stations });
}

function schedulesSay() {
  const left = [...store.schedules.value.values()].filter((one) =>
    one.enabled && one.next_at && isToday(one.next_at, store.nowMs.value));
  return left.length ? t('schedules.left', { n: left.length }) : t('schedules.none_left');
}

function Attention() {
  const list = concerns({
    devices: store.devices.value, zones: store.zones.value, cameras: store.cameras.value,
    schedules: store.schedules.value, found: store.found.value, asked: store.asked(), nowMs: store.nowMs.value,
  });
  if (list.length === 0) return html`<p class="quiet" data-test="attention-none">${t('attention.none')}</p>`;
  return html`<section data-test="attention">
    <h2>${t('attention.title', { n: list.length })}</h2>
    <ul class="plain">
      ${list.map((one) => html`<li key=${one.key}>
        <a class="concern" href=${one.href} data-test=${one.key.startsWith('found-') ? 'found-link' : 'concern'}>${one.text}</a>
      </li>`)}
    </ul>
  </section>`;
}

/** The head's first screen: five things, what needs attention, and the rest behind one door. */
export default function Home() {
  const time = html`<span class="clock">${clock(store.nowMs.value)}</span>`;
  return html`<${Page} title=${store.session.value?.village.name ?? ''} aside=${time}>
    <${Wait}>
      <nav class="cards">
        <${Card} name="lights" test="card-lights" says=${lightsSay()} />
        <${Card} name="announce" test="card-announce" says=${announceSays()} />
        <${Card} name="cameras" test="card-cameras" says=${camerasSay()} />
        <${Card} name="wifi" test="card-wifi" says=${wifiSays()} />
        <${Card} name="schedules" test="card-schedules" says=${schedulesSay()} />
      </nav>
      <${Attention} />
    <//>
    <a class="button" href=${linkTo('more')} data-test="more">${t('more.title')}</a>
  <//>`;
}
