interface Named {
  readonly name: string;
}

const areNamed = (list: unknown): list is Named[] =>
  Array.isArray(list) && list.every((item) => typeof (item as Named | null)?.name === 'string');

/** A strategic merge patch: null takes away, lists of what has names are merged by them, `$setElementOrder` orders them. */
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
