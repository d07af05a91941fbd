import { html, useEffect, useState } from '../lib/html.js';
import { t } from '../lib/i18n.js';
import { say } from '../lib/store.js';

const player = new Audio();
player.preload = 'none';

/** @type {((playing: boolean) => void) | null} tells the button whose sound it is */
let owner = null;

function end() {
  owner?.(false);
  owner = null;
}

function fail() {
  end();
  say(t('hear.failed'), 'bad');
}

player.onended = end;

/** @param {string} src */
async function play(src) {
  player.src = src;
  try {
    await player.play();
  } catch (error) {
    // Another sound was started, or this one paused, before it began.
    if (/** @type {Error} */ (error).name !== 'AbortError') fail();
  }
}

/**
 * Hear an announcement again on this phone; never by itself, and one at a time.
 *
 * @param {{ src: string }} props
 */
export function HearAgain({ src }) {
  const [playing, setPlaying] = useState(false);
  const stop = () => {
    player.pause();
    end();
  };
  const start = () => {
    end();
    owner = setPlaying;
    setPlaying(true);
    void play(src);
  };
  useEffect(() => () => {
    if (owner === setPlaying) stop();
  }, []);
  return html`<button type="button" class="button main" data-test="hear-again"
    data-state=${playing ? 'playing' : 'quiet'} onClick=${playing ? stop : start}>
    ${playing ? t('hear.stop') : t('hear.again')}
  </button>`;
}
