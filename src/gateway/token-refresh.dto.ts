import { IsNotEmpty, IsString } from 'class-validator';
import type { TokenRefresh } from '../contract/index.js';

/**
 * Payload of `refresh_token`, as a client sent it. The messages complete "FIELD ...". The token
 * itself is checked elsewhere.
 */
export class TokenRefreshDto implements TokenRefresh {
  @IsNotEmpty({ message: 'must not be empty' })
  @IsString({ message: 'must be a string' })
  token!: string;
}
