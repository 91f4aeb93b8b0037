import { registerDecorator, type ValidationOptions } from 'class-validator';

/**
 * Validates a property by a function of its own.
 * @param isValid receives the value, and the object that has the property
 */
export function Check<T extends object>(
  isValid: (value: unknown, owner: T) => boolean,
  options: ValidationOptions,
): PropertyDecorator {
  return (target, key) =>
    registerDecorator({
      name: 'check',
      target: target.constructor,
      propertyName: String(key),
      options,
      validator: { validate: (value, args) => isValid(value, args?.object as T) },
    });
}
