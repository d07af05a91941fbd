// The page begins here: language, sign-in, event stream, then the screen that the address names.
import { BottomBars, Notices } from './components/bars.js';
import { Page } from './components/page.js';
import * as api from './lib/api.js';
import { close, listen } from './lib/events.js';
import { html, render, useEffect, useState } from './lib/html.js';
import { sayError, t, useWords } from './lib/i18n.js';
import { awaitOffer, keepShell, recall, remember } from './lib/phone.js';
import { followAddress } from './lib/router.js';
import * as store from './lib/store.js';
import { codeIn } from './lib/text.js';
import { useZone } from './lib/time.js';
import { effect } from './vendor/preact-signals-core.module.js';

/** @typedef {(props: any) => import('./vendor/preact.module.js').VNode} Screen */
/** @typedef {() => Promise<{ default: Screen }>} Load */

const TICK_MS = 10_000;
const AGAIN_MS = 3_000;

/** @type {Record<string, Load>} */
const EVERYBODY = {
  cameras: () => import('./screens/cameras.js'),
  camera: () => import('./screens/camera.js'),
  announcements: () => import('./screens/announcements.js'),
  announcement: () => import('./screens/announcement.js'),
  settings: () => import('./screens/settings.js'),
};

/** @type {Record<string, Record<string, Load>>} */
const SCREENS = {
  resident: { ...EVERYBODY, home: () => import('./screens/resident.js') },
  head: {
    ...EVERYBODY,
    home: () => import('./screens/home.js'),
    lights: () => import('./screens/lights.js'),
    road: () => import('./screens/road.js'),
    lamp: () => import('./screens/lamp.js'),
    found: () => import('./screens/found.js'),
    adopt: () => import('./screens/adopt.js'),
    edit: () => import('./screens/edit.js'),
    zones: () => import('./screens/zones.js'),
    announce: () => import('./screens/announce.js'),
    'announce-where': () => import('./screens/announce-where.js'),
    'announce-check': () => import('./screens/announce-check.js'),
    loudspeakers: () => import('./screens/loudspeakers.js'),
    'camera-add': () => import('./screens/camera-add.js'),
    wifi: () => import('./screens/wifi.js'),
    schedules: () => import('./screens/schedules.js'),
    schedule: () => import('./screens/schedule.js'),
    more: () => import('./screens/more.js'),
    invite: () => import('./screens/invite.js'),
  },
};

/** The hub has not answered since the page was opened. @param {{ problem: string }} props */
function Away({ problem }) {
  return html`<div class="page"><${Page} title=${t('link.waiting')}>
    <p class="notice" role="status" data-test="away">${problem}</p>
    <button type="button" class="button main act" onClick=${() => location.reload()}>${t('try_again')}</button>
  <//></div>`;
}

/** @param {{ problem: string }} props */
function App({ problem }) {
  const [shown, setShown] = useState(/** @type {{ key: string, screen: Screen | null, id: string }} */ (
    { key: '', screen: null, id: '' }));
  const [failed, setFailed] = useState('');
  const session = store.session.value;
  const { name, id } = store.route.value;
  const table = session ? SCREENS[session.role] ?? SCREENS.resident : {};
  const load = session ? table[name] ?? table.home : () => import('./screens/sign-in.js');
  const key = `${session?.role}/${name}/${id}`;
  useEffect(() => {
    let wanted = true;
    load().then(
      ({ default: screen }) => wanted && setShown({ key, screen, id }),
      () => {
        setFailed(key);
        store.say(t('error.unreachable'), 'bad');
      });
    return () => {
      wanted = false;
    };
    // A screen that did not come through is asked for again when the hub is back.
  }, [key, failed === key && store.link.value]);
  const { screen: Shown } = shown;
  return html`<div class=${`page ${session && store.link.value === 'lost' ? 'old' : ''}`}>
    <${Notices} />
    ${Shown && html`<${Shown} key=${shown.key} id=${shown.id} problem=${problem} onCode=${enter} />`}
    <${BottomBars} />
  </div>`;
}

/** @param {string} problem */
function away(problem) {
  render(html`<${Away} problem=${problem} />`, page());
}

const page = () => /** @type {Element} */ (document.getElementById('app'));

/** @param {string} [problem] why nobody is signed in, in words */
function show(problem = '') {
  render(html`<${App} problem=${problem} />`, page());
}

async function begin() {
  const session = await api.get('/session');
  useZone(session.village.timezone ?? 'Asia/Ho_Chi_Minh');
  store.setSession(session);
  listen(signedOut);
}

function signedOut() {
  close();
  store.setSession(null);
  show(t('sign_in.ended'));
}

/** @param {string} code */
async function enter(code) {
  try {
    await api.post('/session', { code });
    await begin();
    show();
  } catch (error) {
    await enterAsBefore(signInProblem(error));
  }
}

/**
 * A link that no longer works does not shut out a phone that is signed in already.
 *
 * @param {string} problem
 */
async function enterAsBefore(problem) {
  try {
    await begin();
    show();
    store.say(problem, 'bad');
  } catch {
    show(problem);
  }
}

/** @param {unknown} error */
function signInProblem(error) {
  if (!(error instanceof api.ApiError)) throw error;
  const used = ['not_signed_in', 'expired', 'not_found', 'invalid_input', 'not_permitted', 'conflict'];
  return used.includes(error.code) ? t('sign_in.used') : sayError(error);
}

async function resume() {
  try {
    await begin();
    show();
  } catch (error) {
    if (!(error instanceof api.ApiError)) throw error;
    if (error.status === 401) return show();
    away(sayError(error));
    setTimeout(resume, AGAIN_MS);
  }
}

/** @param {string} language */
async function speak(language) {
  useWords(await api.getLocale(language));
  document.documentElement.lang = language;
}

function rememberChoices() {
  store.setBigText(recall('big') === true);
  store.setDraft(recall('draft') ?? {});
  effect(() => {
    remember('big', store.bigText.value);
    document.documentElement.classList.toggle('big', store.bigText.value);
  });
  effect(() => remember('draft', store.draft.value));
  effect(() => {
    const language = store.language.value;
    remember('language', language);
    if (document.documentElement.lang !== language) void speak(language);
  });
}

async function start() {
  awaitOffer();
  store.setLanguage(recall('language') === 'en' ? 'en' : 'vi');
  await speak(store.language.peek());
  rememberChoices();
  keepShell();
  setInterval(store.tick, TICK_MS);
  const code = location.hash.includes('sign-in=') ? codeIn(location.hash) : '';
  // The secret leaves the address at once: it must not stay in the history or be sent on.
  if (code) history.replaceState(null, '', '/');
  followAddress();
  if (code) await enter(code);
  else await resume();
}

void start();
