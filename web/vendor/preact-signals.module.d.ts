// Imported for its effect alone: a component that reads a signal draws itself again when it changes.
export {};
