import { Page, Wait } from '../components/page.js';
import { cameraSentence, pictureSentence } from '../components/camera.js';
import { html, useEffect, useState } from '../lib/html.js';
import { t } from '../lib/i18n.js';
import { linkTo } from '../lib/router.js';
import { cameras, isHead, nowMs, tick } from '../lib/store.js';
import { inNameOrder } from '../lib/text.js';

/** @typedef {import('../lib/types.js').Camera} Camera */

const REFRESH_MS = 20_000;

/** A number that moves on every twenty seconds, only while somebody can see the page. */
function useRefresh() {
  const [round, setRound] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) setRound(Date.now());
    }, REFRESH_MS);
    return () => clearInterval(timer);
  }, []);
  return round;
}

/** @param {{ camera: Camera, round: number }} props */
function Still({ camera, round }) {
  const [failed, setFailed] = useState(false);
  const [seenMs, setSeenMs] = useState(0);
  // A still is fresh from the camera or does not come, so its age counts from its arrival.
  const arrived = () => {
    tick();
    setSeenMs(nowMs.peek());
    setFailed(false);
  };
  return html`<li><a class="still" href=${linkTo('camera', camera.id)} data-test="camera" data-camera=${camera.id}
      data-state=${failed ? 'dark' : 'seen'}>
    <span class="picture">
      <img src=${`${camera.snapshot}?at=${round}`} alt="" width="640" height="360"
        onError=${() => setFailed(true)} onLoad=${arrived} />
      ${failed && html`<span class="no-picture">${t('cameras.no_picture')}</span>`}
    </span>
    <b>${camera.name}</b>
    <span class="sentence">${seenMs && !failed ? pictureSentence(seenMs) : cameraSentence(camera)}</span>
  </a></li>`;
}

/** Stills with their names and ages; one tap to live. */
export default function Cameras() {
  const round = useRefresh();
  const all = [...cameras.value.values()].sort(inNameOrder);
  return html`<${Page} title=${t('cameras.title')} back="home">
    <${Wait}>
      ${all.length === 0 && html`<p>${t('cameras.none')}</p>`}
      <ul class="plain grid">${all.map((one) => html`<${Still} key=${one.id} camera=${one} round=${round} />`)}</ul>
      ${isHead.value && html`<a class="button" href=${linkTo('camera-add')} data-test="camera-add">${t('cameras.add')}</a>`}
    <//>
  <//>`;
}
