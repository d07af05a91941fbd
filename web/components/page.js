import { html, useEffect, useRef } from '../lib/html.js';
import { t } from '../lib/i18n.js';
import { linkTo } from '../lib/router.js';
import { heardMs, link } from '../lib/store.js';
import { clock } from '../lib/time.js';

/**
 * The frame of every screen: where one came from, its name, its content.
 *
 * @param {object} props
 * @param {string} props.title
 * @param {string} [props.back] the screen above this one; without it this is the top
 * @param {string} [props.backId]
 * @param {unknown} [props.aside] beside the title
 * @param {unknown} props.children
 */
export function Page({ title, back, backId, aside, children }) {
  const heading = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    document.title = title;
  }, [title]);
  useEffect(() => {
    window.scrollTo(0, 0);
    heading.current?.focus({ preventScroll: true });
  }, []);
  return html`
    <header class="top">
      ${back && html`<a class="back" href=${linkTo(back, backId)} data-test="back">
        <span aria-hidden="true">‹</span> ${t('back')}
      </a>`}
      <div class="title"><h1 ref=${heading} tabindex="-1">${title}</h1>${aside}</div>
    </header>
    ${link.value === 'lost' && heardMs.value > 0 && html`<p class="age">
      ${t('link.as_of', { time: clock(heardMs.value) })}
    </p>`}
    <main>${children}</main>`;
}

/**
 * What to say while the first snapshot has not come.
 *
 * @param {{ children?: unknown }} props
 */
export function Wait({ children }) {
  if (link.value !== 'waiting') return children;
  return html`<p class="quiet" role="status">${t('loading')}</p>`;
}

/** @param {{ back: string }} props */
export function Missing({ back }) {
  return html`<${Page} title=${t('missing.title')} back=${back}><p>${t('missing.text')}</p><//>`;
}
