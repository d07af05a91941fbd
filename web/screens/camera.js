import { cameraSentence } from '../components/camera.js';
import { Missing, Page, Wait } from '../components/page.js';
import { attempt } from '../lib/acts.js';
import * as api from '../lib/api.js';
import { html, useEffect, useRef, useState } from '../lib/html.js';
import { t } from '../lib/i18n.js';
import { go } from '../lib/router.js';
import { cameras, isHead, link, nowMs, session, takeAnswer } from '../lib/store.js';
import { clock } from '../lib/time.js';

/** @typedef {import('../lib/types.js').Camera} Camera */

const WATCH_MS = 3 * 60_000;

/**
 * The live picture. Its stream ends when it leaves the page: a browser that only drops the element
 * keeps the connection, and with it a place among the viewers.
 *
 * @param {{ camera: Camera, onFail: () => void }} props
 */
function Live({ camera, onFail }) {
  const picture = useRef(/** @type {HTMLImageElement | null} */ (null));
  const [src] = useState(`${camera.stream}?at=${Date.now()}`);
  useEffect(() => {
    const image = picture.current;
    return () => {
      if (image) image.src = 'data:,';
    };
  }, []);
  return html`<span class="picture">
    <img ref=${picture} data-test="live" src=${src} alt=${t('camera.live_of', { name: camera.name })}
      width="640" height="360" onError=${onFail} />
    ${!isHead.value && html`<span class="viewer">${session.value?.person.name} · ${clock(nowMs.value)}</span>`}
  </span>`;
}

/** Live while somebody looks: not in the background, and not for ever. */
function useWatching() {
  const [state, setState] = useState(/** @type {'live' | 'asked' | 'failed'} */ ('live'));
  const [hidden, setHidden] = useState(document.hidden);
  useEffect(() => {
    const look = () => setHidden(document.hidden);
    document.addEventListener('visibilitychange', look);
    return () => document.removeEventListener('visibilitychange', look);
  }, []);
  useEffect(() => {
    if (state !== 'live' || hidden) return undefined;
    const timer = setTimeout(() => setState('asked'), WATCH_MS);
    return () => clearTimeout(timer);
  }, [state, hidden]);
  return { state, hidden, setState };
}

/** @param {{ camera: Camera }} props */
function TakeOut({ camera }) {
  const [sure, setSure] = useState(false);
  const act = async () => {
    if (!sure) return setSure(true);
    const out = async () => {
      await api.remove(`/cameras/${camera.id}`);
      takeAnswer('camera', { id: camera.id, removed: true });
    };
    if (await attempt(out, t('edit.removed', { name: camera.name }))) go('cameras');
  };
  return html`<section class="apart">
    <button type="button" class="button danger" data-test="camera-remove" onClick=${act}>
      ${sure ? t('edit.remove_yes', { name: camera.name }) : t('camera.remove')}</button>
    ${sure && html`<button type="button" class="button" onClick=${() => setSure(false)}>${t('edit.keep')}</button>`}
  </section>`;
}

/** @param {{ id: string }} props */
export default function CameraScreen({ id }) {
  const { state, hidden, setState } = useWatching();
  const camera = cameras.value.get(id);
  if (!camera) return link.value === 'waiting' ? html`<${Wait} />` : html`<${Missing} back="cameras" />`;
  return html`<${Page} title=${camera.name} back="cameras">
    ${state === 'live' && !hidden && html`<${Live} camera=${camera} onFail=${() => setState('failed')} />`}
    <div role="status">
      ${state === 'asked' && html`<p class="notice">${t('camera.still_watching')}</p>`}
      ${state === 'failed' && html`<p class="notice" data-test="live-failed">${t('camera.failed')}</p>`}
    </div>
    ${state !== 'live' && html`<button type="button" class="button main act" data-test="watch-on"
      onClick=${() => setState('live')}>${state === 'asked' ? t('camera.go_on') : t('try_again')}</button>`}
    ${(state !== 'live' || camera.availability === 'offline') && html`<p class="sentence">${cameraSentence(camera)}</p>`}
    ${isHead.value && html`<${TakeOut} camera=${camera} />`}
  <//>`;
}
