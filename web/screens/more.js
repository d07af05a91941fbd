import { Page } from '../components/page.js';
import { html } from '../lib/html.js';
import { t } from '../lib/i18n.js';
import { linkTo } from '../lib/router.js';

/** What the head needs now and then. */
export default function More() {
  return html`<${Page} title=${t('more.title')} back="home">
    <nav class="cards">
      ${['invite', 'found', 'zones', 'loudspeakers', 'settings'].map((name) => html`<a class="card" key=${name}
        href=${linkTo(name)} data-test=${`more-${name}`}><b>${t(`${name}.title`)}</b>
        <span class="sentence">${t(`more.${name}`)}</span></a>`)}
    </nav>
  <//>`;
}
