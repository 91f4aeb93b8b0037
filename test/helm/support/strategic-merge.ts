interface Named {
  readonly name: string;
}

const areNamed = (list: unknown): list is Named[] =>
  Array.isArray(list) && list.every((item) => typeof (item as Named | null)?.name === 'string');

/**
 * Applies a strategic merge patch. A null removes a value, lists of named elements are merged by
 * name, and `$setElementOrder` sorts them.
 */
export function merge(old: unknown, patch: unknown): unknown {
  if (areNamed(old) && areNamed(patch)) {
    const patched = patch.map((item) =>
      merge(
        old.find(({ name }) => name === item.name),
        item,
      ),
    );
    return [...old.filter(({ name }) => !patch.some((item) => item.name === name)), ...patched];
  }
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const merged: Record<string, unknown> = { ...(old as object) };
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith('$setElementOrder')) continue;
    if (value === null) delete merged[key];
    else merged[key] = merge(merged[key], value);
  }
  return merged;
}
