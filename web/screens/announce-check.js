import { Missing, Page, Wait } from '../components/page.js';
import { audienceName, loudspeakers, zoneIds } from '../lib/audience.js';
import * as api from '../lib/api.js';
import { html, useEffect, useRef, useState } from '../lib/html.js';
import { capital, sayError, t } from '../lib/i18n.js';
import { goInstead, linkTo } from '../lib/router.js';
import { devices, draft, EMPTY_DRAFT, hush, say, setDraft, zones } from '../lib/store.js';

const COUNTDOWN_MS = 10_000;
// A phone that slept through the countdown must not speak to the village when it wakes.
const OVERSLEPT_MS = 15_000;

function summary() {
  const heard = loudspeakers(draft.value, zones.value, devices.value);
  const parts = [
    capital(audienceName(draft.value, zones.value)), t('check.loudspeakers', { n: heard.length }), t('check.now'),
  ];
  if (draft.value.repeat > 1) parts.push(t('check.times', { n: draft.value.repeat }));
  return parts.join(' · ');
}

/** @param {{ endMs: number, onEnd: () => void, onStop: () => void, onOverslept: () => void }} props */
function Countdown({ endMs, onEnd, onStop, onOverslept }) {
  const [leftMs, setLeftMs] = useState(endMs - Date.now());
  useEffect(() => {
    const timer = setInterval(() => {
      const left = endMs - Date.now();
      if (left > 0) return setLeftMs(left);
      clearInterval(timer);
      if (left < -OVERSLEPT_MS) onOverslept();
      else onEnd();
    }, 200);
    return () => clearInterval(timer);
  }, [endMs]);
  const seconds = Math.max(0, Math.ceil(leftMs / 1000));
  return html`<section class="countdown" data-test="countdown">
    <p>${summary()}</p>
    <p class="big" aria-hidden="true">${seconds}</p>
    <p role="status">${t('check.counting')}</p>
    <button type="button" class="button stop" data-test="announce-cancel" onClick=${onStop}>${t('check.cancel')}</button>
  </section>`;
}

/** The text as the village will hear it, from the hub; asked for again when it did not come. */
function useSpoken() {
  const [problem, setProblem] = useState('');
  const ask = async () => {
    setProblem('');
    try {
      const answer = await api.post('/announcements/preview', { text: draft.peek().text });
      setDraft({ spoken: answer.spoken });
    } catch (error) {
      setProblem(sayError(error));
    }
  };
  useEffect(() => {
    setDraft({ spoken: '' });
    void ask();
  }, []);
  return { spoken: draft.value.spoken, problem, ask };
}

/** Sends the draft; tried again after silence with the same key, so that it is never spoken twice. */
function useSending() {
  const key = useRef(api.newKey());
  return async () => {
    const { text, repeat } = draft.peek();
    const body = { text, zones: zoneIds(draft.peek(), zones.peek()), class: 'normal', repeat };
    try {
      const { id } = await api.post('/announcements', body, key.current);
      setDraft(EMPTY_DRAFT);
      goInstead('announcement', id);
    } catch (error) {
      if (!(error instanceof api.ApiError && error.code === 'unreachable')) key.current = api.newKey();
      say(`${sayError(error)} ${t('check.kept')}`, 'bad');
    }
  };
}

/** Last step: exactly what will be said, to whom; then ten seconds in which it can be stopped. */
export default function AnnounceCheck() {
  const [endMs, setEndMs] = useState(0);
  const { spoken, problem, ask } = useSpoken();
  const send = useSending();
  if (!draft.value.text) return html`<${Missing} back="announce" />`;
  const silent = loudspeakers(draft.value, zones.value, devices.value)
    .filter((one) => one.availability === 'offline').map((one) => one.name);
  /** @param {string} [why] */
  const stop = (why) => {
    setEndMs(0);
    if (why) say(why);
  };
  const begin = () => {
    hush();
    setEndMs(Date.now() + COUNTDOWN_MS);
  };
  if (endMs) {
    return html`<${Page} title=${t('check.soon')} key="countdown"><${Countdown} endMs=${endMs}
      onStop=${() => stop(t('check.cancelled'))} onOverslept=${() => stop(t('check.overslept'))}
      onEnd=${() => void send().then(() => stop())} /><//>`;
  }
  return html`<${Page} title=${t('check.title')} back="announce-where" key="check">
    <${Wait}>
      <h2>${t('check.will_say')}</h2>
      <div role="status">
        ${problem && html`<p class="notice">${problem}</p>`}
        ${!spoken && !problem && html`<p class="quiet">${t('loading')}</p>`}
        ${spoken && html`<blockquote data-test="spoken">${spoken}</blockquote>`}
      </div>
      ${problem && html`<button type="button" class="button" onClick=${ask}>${t('try_again')}</button>`}
      ${silent.length > 0 && html`<p class="notice">${t('check.silent', { n: silent.length, names: silent.join(', ') })}</p>`}
      <p class="summary" data-test="announce-summary">${summary()}</p>
      ${spoken && html`<button type="button" class="button main act" data-test="announce-send" onClick=${begin}>
        ${t('check.send', { name: audienceName(draft.value, zones.value) })}</button>`}
      <a class="button" href=${linkTo('announce')}>${t('announce.edit')}</a>
    <//>
  <//>`;
}
