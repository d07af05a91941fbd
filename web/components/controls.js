import { html, useRef } from '../lib/html.js';
import { t } from '../lib/i18n.js';
import { nextSunrise } from '../lib/sun.js';
import { hour, iso, nextAt } from '../lib/time.js';

/** @typedef {import('../lib/types.js').Turn} Turn */
/** @typedef {import('../lib/types.js').Village} Village */

let fields = 0;

/** @param {string} name */
function useFieldId(name) {
  const id = useRef('');
  if (!id.current) id.current = `${name}-${(fields += 1)}`;
  return id.current;
}

/**
 * The pair Bật / Tắt: both always there, so that nothing has to be guessed.
 *
 * @param {object} props
 * @param {(turn: Turn) => void} props.onTurn
 * @param {string} props.of what is switched, for those who only hear the button
 * @param {string} props.test
 * @param {string} [props.on] the words on the buttons, when "Bật" alone is not enough
 * @param {string} [props.off]
 * @param {boolean} [props.main]
 */
export function Pair({ onTurn, of, test, on, off, main }) {
  const size = main ? 'button main' : 'button';
  return html`<div class="pair">
    <button type="button" class=${`${size} act`} data-test=${`${test}-on`}
      aria-label=${`${on ?? t('turn.on')}: ${of}`} onClick=${() => onTurn('on')}>${on ?? t('turn.on')}</button>
    <button type="button" class=${size} data-test=${`${test}-off`}
      aria-label=${`${off ?? t('turn.off')}: ${of}`} onClick=${() => onTurn('off')}>${off ?? t('turn.off')}</button>
  </div>`;
}

/**
 * One question with all its answers in sight.
 *
 * @param {object} props
 * @param {string} props.legend
 * @param {string} props.value
 * @param {readonly { value: string, label: string }[]} props.options
 * @param {(value: string) => void} props.onChange
 * @param {string} props.test
 * @param {boolean} [props.tall] one answer to a line
 */
export function Choices({ legend, value, options, onChange, test, tall }) {
  const name = useFieldId(test);
  return html`<fieldset class="choices">
    <legend>${legend}</legend>
    <div class=${tall ? 'rows' : 'pair'}>
      ${options.map((option) => html`<label class="choice" key=${option.value}>
        <input type="radio" name=${name} value=${option.value} checked=${option.value === value}
          data-test=${`${test}-${option.value}`} onChange=${() => onChange(option.value)} />
        <span class="face"><span class="mark" aria-hidden="true"></span><span>${option.label}</span></span>
      </label>`)}
    </div>
  </fieldset>`;
}

/**
 * Several answers of many.
 *
 * @param {object} props
 * @param {string} props.legend
 * @param {readonly string[]} props.values
 * @param {readonly { value: string, label: string }[]} props.options
 * @param {(values: string[]) => void} props.onChange
 * @param {string} props.test
 * @param {boolean} [props.pairs] two answers to a line
 */
export function Several({ legend, values, options, onChange, test, pairs }) {
  /** @param {string} value */
  const flip = (value) => onChange(
    values.includes(value) ? values.filter((one) => one !== value) : [...values, value]);
  return html`<fieldset class="choices">
    <legend>${legend}</legend>
    <div class=${pairs ? 'pair' : 'rows'}>
      ${options.map((option) => html`<label class="choice several" key=${option.value}>
        <input type="checkbox" value=${option.value} checked=${values.includes(option.value)}
          data-test=${test} onChange=${() => flip(option.value)} />
        <span class="face"><span class="mark" aria-hidden="true"></span><span>${option.label}</span></span>
      </label>`)}
    </div>
  </fieldset>`;
}

/**
 * @param {object} props
 * @param {string} props.label
 * @param {string} props.value
 * @param {(value: string) => void} props.onChange
 * @param {string} props.test
 * @param {string} [props.type]
 * @param {string} [props.hint]
 * @param {number} [props.rows] more than one line
 * @param {number} [props.most] characters
 */
export function TextField({ label, value, onChange, test, type, hint, rows, most }) {
  const id = useFieldId(test);
  const common = {
    id, value, maxLength: most ?? 200, 'data-test': test, autocomplete: 'off',
    'aria-describedby': hint ? `${id}-hint` : undefined,
    onInput: (/** @type {{ currentTarget: HTMLInputElement }} */ event) => onChange(event.currentTarget.value),
  };
  return html`<div class="field">
    <label for=${id}>${label}</label>
    ${hint && html`<p class="quiet" id=${`${id}-hint`}>${hint}</p>`}
    ${rows ? html`<textarea rows=${rows} ...${common}></textarea>`
      : html`<input type=${type ?? 'text'} ...${common} />`}
  </div>`;
}

/**
 * @param {object} props
 * @param {string} props.label
 * @param {string} props.value
 * @param {readonly { value: string, label: string }[]} props.options
 * @param {(value: string) => void} props.onChange
 * @param {string} props.test
 */
export function SelectField({ label, value, options, onChange, test }) {
  const id = useFieldId(test);
  return html`<div class="field">
    <label for=${id}>${label}</label>
    <select id=${id} data-test=${test} value=${value}
      onChange=${(/** @type {{ currentTarget: HTMLSelectElement }} */ event) => onChange(event.currentTarget.value)}>
      ${options.map((option) => html`<option key=${option.value} value=${option.value}
        selected=${option.value === value}>${option.label}</option>`)}
    </select>
  </div>`;
}

/** @typedef {{ choice: string, time: string }} UntilValue */

/** @type {UntilValue} */
export const NO_END = { choice: 'none', time: '22:00' };

/**
 * "Đến mấy giờ?"
 *
 * @param {object} props
 * @param {UntilValue} props.value
 * @param {(value: UntilValue) => void} props.onChange
 */
export function Until({ value, onChange }) {
  const options = ['none', 'hour', 'morning', 'time'].map((choice) => (
    { value: choice, label: t(`until.${choice}`) }));
  return html`<div>
    <${Choices} legend=${t('until.legend')} value=${value.choice} options=${options} test="until"
      onChange=${(/** @type {string} */ choice) => onChange({ ...value, choice })} />
    ${value.choice === 'time' && html`<${TextField} label=${t('until.which')} type="time" test="until-clock"
      value=${value.time} onChange=${(/** @type {string} */ time) => onChange({ ...value, time })} />`}
  </div>`;
}

/**
 * The instant that an answer to "đến mấy giờ" stands for; null for no end.
 *
 * @param {UntilValue} value
 * @param {number} nowMs
 * @param {Village | undefined} village
 */
export function untilInstant(value, nowMs, village) {
  if (value.choice === 'hour') return iso(nowMs + hour);
  if (value.choice === 'time' && value.time) return iso(nextAt(value.time, nowMs));
  if (value.choice !== 'morning') return null;
  const rise = village ? nextSunrise(nowMs, village.latitude, village.longitude) : NaN;
  return iso(Number.isNaN(rise) ? nextAt('06:00', nowMs) : rise);
}
