import { SelectField, TextField } from '../components/controls.js';
import { Page } from '../components/page.js';
import { attempt } from '../lib/acts.js';
import * as api from '../lib/api.js';
import { html, useState } from '../lib/html.js';
import { t } from '../lib/i18n.js';
import { goInstead } from '../lib/router.js';
import { say, takeAnswer, zones } from '../lib/store.js';
import { tidy } from '../lib/text.js';
import { inOrder } from '../lib/village.js';

export default function CameraAdd() {
  const [name, setName] = useState('');
  const [url, setUrl] = useState('');
  const [zone, setZone] = useState('');
  const roads = inOrder(zones.value).map((road) => ({ value: road.id, label: road.name }));
  /** @param {Event} event */
  const send = async (event) => {
    event.preventDefault();
    if (!tidy(name)) return say(t('adopt.need_name'), 'bad');
    if (!/^rtsps?:\/\//i.test(url.trim())) return say(t('camera_add.need_address'), 'bad');
    const body = { name: tidy(name), url: url.trim(), zone: zone || null };
    const add = async () => takeAnswer('camera', await api.post('/cameras', body));
    if (await attempt(add, t('camera_add.done', { name: tidy(name) }))) goInstead('cameras');
  };
  return html`<${Page} title=${t('cameras.add')} back="cameras">
    <form onSubmit=${send}>
      <${TextField} label=${t('camera_add.name')} value=${name} onChange=${setName} test="camera-name" most=${80} />
      <${TextField} label=${t('camera_add.address')} hint=${t('camera_add.hint')} value=${url} onChange=${setUrl}
        test="camera-url" type="url" most=${500} />
      <${SelectField} label=${t('adopt.zone')} value=${zone} onChange=${setZone} test="camera-zone"
        options=${[{ value: '', label: t('lights.no_road') }, ...roads]} />
      <button class="button main act" data-test="camera-save">${t('camera_add.save')}</button>
    </form>
  <//>`;
}
