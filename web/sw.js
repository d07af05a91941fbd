// Keeps the page itself on the phone, so that it opens at once and without the network.
// VERSION is drawn from the bytes of SHELL: a changed file means a new worker, which fetches the
// whole set anew before it takes over, so that files of two versions are never mixed.
// tests/unit/web/shell.py writes both; a test says when they are out of date.
const VERSION = '4c4274dc2327aa7b';
const SHELL = [
  '/',
  '/app.js',
  '/components/bars.js',
  '/components/camera.js',
  '/components/controls.js',
  '/components/lamp.js',
  '/components/page.js',
  '/components/signs.js',
  '/components/sound.js',
  '/css/page.css',
  '/icons/icon-192.png',
  '/icons/icon-512.png',
  '/icons/icon.svg',
  '/lib/acts.js',
  '/lib/api.js',
  '/lib/attention.js',
  '/lib/audience.js',
  '/lib/events.js',
  '/lib/html.js',
  '/lib/i18n.js',
  '/lib/lamps.js',
  '/lib/phone.js',
  '/lib/router.js',
  '/lib/schedules.js',
  '/lib/store.js',
  '/lib/sun.js',
  '/lib/templates.js',
  '/lib/text.js',
  '/lib/time.js',
  '/lib/types.js',
  '/lib/village.js',
  '/locales/en.json',
  '/locales/vi.json',
  '/manifest.webmanifest',
  '/screens/adopt.js',
  '/screens/announce-check.js',
  '/screens/announce-where.js',
  '/screens/announce.js',
  '/screens/announcement.js',
  '/screens/announcements.js',
  '/screens/camera-add.js',
  '/screens/camera.js',
  '/screens/cameras.js',
  '/screens/edit.js',
  '/screens/found.js',
  '/screens/home.js',
  '/screens/invite.js',
  '/screens/lamp.js',
  '/screens/lights.js',
  '/screens/loudspeakers.js',
  '/screens/more.js',
  '/screens/resident.js',
  '/screens/road.js',
  '/screens/schedule.js',
  '/screens/schedules.js',
  '/screens/settings.js',
  '/screens/sign-in.js',
  '/screens/wifi.js',
  '/screens/zones.js',
  '/vendor/htm.module.js',
  '/vendor/preact-hooks.module.js',
  '/vendor/preact-signals-core.module.js',
  '/vendor/preact-signals.module.js',
  '/vendor/preact.module.js',
];

const CACHE = `shell-${VERSION}`;

// A service worker has other globals than a page, which the type checker is not told of.
const worker = /** @type {any} */ (self);

worker.addEventListener('install', (/** @type {any} */ event) => {
  const keep = async () => {
    const cache = await caches.open(CACHE);
    await cache.addAll(SHELL.map((path) => new Request(path, { cache: 'no-cache' })));
  };
  event.waitUntil(keep());
});

// A new version waits until a page that has only just opened lets it in: a page in use keeps the
// files that it began with.
worker.addEventListener('message', (/** @type {any} */ event) => {
  if (event.data === 'take over') void worker.skipWaiting();
});

worker.addEventListener('activate', (/** @type {any} */ event) => {
  const clear = async () => {
    const names = await caches.keys();
    await Promise.all(names.filter((name) => name !== CACHE).map((name) => caches.delete(name)));
  };
  event.waitUntil(clear());
});

worker.addEventListener('fetch', (/** @type {any} */ event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== location.origin) return;
  const path = url.pathname === '/index.html' ? '/' : url.pathname;
  if (!SHELL.includes(path)) return;
  const answer = async () => {
    const cache = await caches.open(CACHE);
    return (await cache.match(path)) ?? fetch(request);
  };
  event.respondWith(answer());
});
