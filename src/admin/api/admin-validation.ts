import { type PipeTransform, ValidationPipe } from '@nestjs/common';
import * as classTransformer from 'class-transformer';
import * as classValidator from 'class-validator';
import type { ValidationError } from 'class-validator';
import { AdminError } from './admin-error.js';

/**
 * Validates bodies, queries and paths. An unknown field is an error, because it is likely to be a
 * misspelt one, whose action would be another than the operator wants.
 */
export const ADMIN_VALIDATION = new ValidationPipe({
  transform: true,
  whitelist: true,
  forbidNonWhitelisted: true,
  stopAtFirstError: true,
  // By default Nest loads them while it serves, and ends the process if that fails.
  validatorPackage: classValidator,
  transformerPackage: classTransformer,
  exceptionFactory: (errors) => invalid(errors),
});

/** For a body or query without fields: an operator who sends one expects that it has an effect. */
export const NO_FIELDS: PipeTransform<unknown, object> = {
  transform(value) {
    const [field] = typeof value === 'object' && value !== null ? Object.keys(value) : [];
    if (field !== undefined) throw invalid([{ property: field, constraints: { whitelistValidation: '' } }]);
    return {};
  },
};

function invalid(errors: ValidationError[]): AdminError {
  const details = errors.flatMap((error) => detailsOf(error, ''));
  return new AdminError(400, 'The request is not valid. The details say what is wrong.', details);
}

function detailsOf(
  { property, constraints, children }: ValidationError,
  before: string,
): { field: string; problem: string }[] {
  const field = before + property.slice(0, 64);
  if (children && children.length > 0) return children.flatMap((child) => detailsOf(child, `${field}.`));
  const [kind, message = 'is not valid'] = Object.entries(constraints ?? {})[0] ?? [];
  const problem = kind === 'whitelistValidation' ? 'is not known; remove it or correct its name' : message;
  return [{ field, problem: kind === 'nestedValidation' ? 'must be an object' : problem }];
}
