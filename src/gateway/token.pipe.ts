import { Injectable, type PipeTransform } from '@nestjs/common';
import { validateSync } from 'class-validator';
import { RequestError } from './request-error.js';
import { TokenRefreshDto } from './token-refresh.dto.js';

/**
 * Validates the payload of `refresh_token`. Like `SubscriptionPipe`, it copies only the known
 * field.
 */
@Injectable()
export class TokenPipe implements PipeTransform<unknown, TokenRefreshDto> {
  /** @throws RequestError */
  transform(value: unknown): TokenRefreshDto {
    const dto = new TokenRefreshDto();
    if (typeof value === 'object' && value !== null && Object.hasOwn(value, 'token')) {
      Object.assign(dto, { token: (value as { readonly token: unknown }).token });
    }
    const [error] = validateSync(dto, { stopAtFirstError: true });
    if (!error) return dto;
    const problem = Object.values(error.constraints ?? {})[0] ?? 'is not valid';
    throw new RequestError(
      'INVALID_PAYLOAD',
      'The request has no usable token. Send {token} with a JSON Web Token.',
      [{ field: 'token', problem }],
    );
  }
}
