// The part of Preact's signals that the phone page uses, as the type checker sees it.
export interface ReadonlySignal<T> {
  readonly value: T;
  peek(): T;
}
export interface Signal<T> {
  value: T;
  peek(): T;
}
export function signal<T>(value: T): Signal<T>;
export function computed<T>(read: () => T): ReadonlySignal<T>;
export function batch<T>(change: () => T): T;
export function effect(run: () => void | (() => void)): () => void;
