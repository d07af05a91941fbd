// The Vietnamese words, for tests that read sentences.
import { readFileSync } from 'node:fs';
import { useWords } from './i18n.js';

useWords(JSON.parse(readFileSync(new URL('../locales/vi.json', import.meta.url), 'utf8')));
