// A state is told by its shape and its word first, by colour last.
import { html } from '../lib/html.js';

/** @typedef {import('../lib/types.js').LampState} LampState */

const RAYS = [0, 45, 90, 135, 180, 225, 270, 315];

const SHAPES = {
  lit: () => html`
    <circle class="lit" cx="16" cy="16" r="8" />
    ${RAYS.map((turn) => html`<path d="M16 1.5v4" transform=${`rotate(${turn} 16 16)`} />`)}`,
  dark: () => html`<circle cx="16" cy="16" r="9" />`,
  waiting: () => html`<circle cx="16" cy="16" r="11" />
    <circle class="dot" cx="10.5" cy="16" r="1.6" /><circle class="dot" cx="16" cy="16" r="1.6" />
    <circle class="dot" cx="21.5" cy="16" r="1.6" />`,
  unconfirmed: () => html`<path d="M16 4 29 27H3Z" />
    <path d="M16 12v7" /><circle class="dot" cx="16" cy="23" r="1.6" />`,
  unknown: () => html`<circle class="dashed" cx="16" cy="16" r="12" />
    <path d="M12.5 13a3.5 3.5 0 1 1 3.5 4v2" /><circle class="dot" cx="16" cy="22.5" r="1.5" />`,
  sounding: () => html`<path d="M4 12h6l7-6v20l-7-6H4Z" /><path d="M21 11.5a6 6 0 0 1 0 9" />
    <path d="M24.5 8a11 11 0 0 1 0 16" />`,
  good: () => html`<circle cx="16" cy="16" r="12" /><path d="m10 16 4.5 5L22 11.5" />`,
};

/** @param {{ state: LampState | 'sounding' | 'good' }} props */
export function Sign({ state }) {
  return html`<svg class="sign" viewBox="0 0 32 32" aria-hidden="true">${SHAPES[state]()}</svg>`;
}
