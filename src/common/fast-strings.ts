/**
 * Makes the methods of strings fast again after packages were loaded. V8 stores `String.prototype`
 * in a slow form once any class extends `String`, as one of ioredis does: a loop over the characters
 * of a text then takes five times as long, everywhere in the process. V8 makes a chain of prototypes
 * fast when a property of an object at its end is set, so this sets one.
 */
export function makeStringsFast(): void {
  const heir = Object.create(Object.create(String.prototype) as object) as { isUsed?: boolean };
  heir.isUsed = true;
}
