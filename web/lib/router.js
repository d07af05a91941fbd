// Screens by the address's #fragment: "#/road/<id>".
import { setRoute } from './store.js';

const HOME = { name: 'home', id: '' };

/**
 * @param {string} hash
 * @returns {import('./types.js').Route}
 */
export function routeOf(hash) {
  const found = /^#\/([a-z-]+)(?:\/(.+))?$/.exec(hash);
  return found ? { name: found[1], id: decodeURIComponent(found[2] ?? '') } : HOME;
}

/**
 * @param {string} name
 * @param {string} [id]
 */
export const linkTo = (name, id) => (id ? `#/${name}/${encodeURIComponent(id)}` : `#/${name}`);

/**
 * @param {string} name
 * @param {string} [id]
 */
export function go(name, id) {
  location.hash = linkTo(name, id);
}

/**
 * Go without leaving the present screen in the history: a finished form is not returned to.
 *
 * @param {string} name
 * @param {string} [id]
 */
export function goInstead(name, id) {
  location.replace(linkTo(name, id));
}

export function followAddress() {
  const follow = () => setRoute(routeOf(location.hash));
  window.addEventListener('hashchange', follow);
  follow();
}
