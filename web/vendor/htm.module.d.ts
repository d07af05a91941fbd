// htm, as the type checker sees it.
import type { VNode } from './preact.module.js';
declare const htm: {
  bind(h: unknown): (strings: TemplateStringsArray, ...values: unknown[]) => VNode;
};
export default htm;
