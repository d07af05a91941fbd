import * as api from '../lib/api.js';
import { html, useEffect } from '../lib/html.js';
import { sayError, t } from '../lib/i18n.js';
import { brokerUp, hush, isHead, link, outcome, say, session, sounding } from '../lib/store.js';

const UNDO_MS = 10_000;

/** What keeps the page from being trusted as it stands, in words. */
export function Notices() {
  const lost = session.value && link.value === 'lost';
  const cut = session.value && isHead.value && link.value === 'live' && !brokerUp.value;
  return html`<div role="status" class="notices">
    ${lost && html`<p class="notice" data-test="link-lost">${t('link.lost')}</p>`}
    ${cut && html`<p class="notice" data-test="broker-down">${t('link.broker_down')}</p>`}
  </div>`;
}

function Said() {
  const said = outcome.value;
  useEffect(() => {
    if (!said || said.tone === 'bad') return undefined;
    const timer = setTimeout(() => hush(said), UNDO_MS);
    return () => clearTimeout(timer);
  }, [said]);
  const undo = () => {
    const back = said?.undo;
    hush();
    back?.();
  };
  return html`<div>
    <div role="status" class=${said ? `said ${said.tone}` : ''} data-test="outcome">
      ${said && html`<p>${said.text}</p>`}
    </div>
    ${said && html`<div class="said-acts">
      ${said.undo && html`<button type="button" class="button" data-test="undo" onClick=${undo}>${t('undo')}</button>`}
      ${said.tone === 'bad' && html`<button type="button" class="button" data-test="hush" onClick=${() => hush()}>${t('seen')}</button>`}
    </div>`}
  </div>`;
}

/** Silence every loudspeaker. Loaded with the page itself, so that nothing is left to fetch first. */
async function stopSpeaking() {
  say(t('said.stop_sent'), 'news');
  try {
    await api.post('/loudspeakers/stop');
    say(t('said.stop_taken'), 'good');
  } catch (error) {
    say(sayError(error), 'bad');
  }
}

/** What has just happened, and STOP while anything sounds: on every screen. */
export function BottomBars() {
  const canStop = isHead.value && sounding.value.length > 0;
  return html`<div class="bars">
    <${Said} />
    ${canStop && html`<button type="button" class="button stop" data-test="stop-all"
      onClick=${() => void stopSpeaking()}>${t('stop.all')}</button>`}
  </div>`;
}
