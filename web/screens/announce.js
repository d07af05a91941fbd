import { TextField } from '../components/controls.js';
import { Page } from '../components/page.js';
import { html } from '../lib/html.js';
import { t } from '../lib/i18n.js';
import { go, linkTo } from '../lib/router.js';
import { draft, say, setDraft } from '../lib/store.js';
import { blanksOf, emptyBlanks, findTemplate, TEMPLATES, typeOf, written } from '../lib/templates.js';
import { tidy } from '../lib/text.js';

const LONGEST = 2000;

/** @typedef {import('../lib/templates.js').Template} Template */

/** @param {{ template: Template }} props */
function Blanks({ template }) {
  const { blanks } = draft.value;
  /**
   * @param {string} blank
   * @param {string} value
   */
  const type = (blank, value) => {
    const next = { ...blanks, [blank]: value };
    setDraft({ blanks: next, text: written(template, next) });
  };
  return html`<section class="panel">
    <h2>${t(`template.${template.id}`)}</h2>
    ${blanksOf(template).map((blank) => html`<${TextField} key=${blank} label=${t(`blank.${blank}`)}
      type=${typeOf(blank)} value=${blanks[blank] ?? ''} test=${`blank-${blank}`}
      onChange=${(/** @type {string} */ value) => type(blank, value)} />`)}
  </section>`;
}

function Templates() {
  /** @param {Template} template */
  const choose = (template) => setDraft({ template: template.id, text: written(template, {}), blanks: {} });
  return html`<section>
    <h2>${t('announce.templates')}</h2>
    ${TEMPLATES.map((one) => html`<button type="button" class="button" key=${one.id}
      data-test=${`template-${one.id}`} onClick=${() => choose(one)}>${t(`template.${one.id}`)}</button>`)}
  </section>`;
}

/** First step: what is said. */
export default function Announce() {
  const { text, template: id } = draft.value;
  const template = findTemplate(id);
  const next = () => {
    if (template && emptyBlanks(template, draft.value.blanks).length > 0 && text.includes('…')) {
      return say(t('announce.fill_blanks'), 'bad');
    }
    if (!tidy(text)) return say(t('announce.need_text'), 'bad');
    setDraft({ text: tidy(text) });
    go('announce-where');
  };
  return html`<${Page} title=${t('announce.title')} back="home">
    ${template && html`<${Blanks} template=${template} />`}
    <${TextField} label=${t('announce.text')} hint=${t('announce.text_hint')} value=${text} rows=${5} most=${LONGEST}
      onChange=${(/** @type {string} */ value) => setDraft({ text: value })} test="announce-text" />
    <button type="button" class="button main act" data-test="announce-next" onClick=${next}>${t('announce.next')}</button>
    ${text && html`<button type="button" class="button" data-test="announce-clear"
      onClick=${() => setDraft({ text: '', template: '', blanks: {} })}>${t('announce.clear')}</button>`}
    ${!template && html`<${Templates} />`}
    <section>
      <a class="button" href=${linkTo('announcements')} data-test="announcements">${t('announcements.title')}</a>
      <a class="button" href=${linkTo('loudspeakers')} data-test="loudspeakers">${t('loudspeakers.title')}</a>
    </section>
  <//>`;
}
