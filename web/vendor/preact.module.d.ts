// The part of Preact that the phone page uses, as the type checker sees it.
export interface VNode {
  type: unknown;
  props: unknown;
  key: unknown;
}
export function h(type: unknown, props: unknown, ...children: unknown[]): VNode;
export function render(node: VNode, into: Element): void;
export const Fragment: unknown;
