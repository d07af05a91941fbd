// The one door to the vendored view library.
import htm from '../vendor/htm.module.js';
import { h, render } from '../vendor/preact.module.js';
import '../vendor/preact-signals.module.js';

export { useEffect, useLayoutEffect, useRef, useState } from '../vendor/preact-hooks.module.js';
export { render };

export const html = htm.bind(h);
