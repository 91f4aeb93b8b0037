import { Injectable, type PipeTransform } from '@nestjs/common';
import { HistoryDto } from './history.dto.js';
import { invalidHistory } from './request-error.js';
import { type RequestField, validateRequest } from './request-validation.js';

const FIELDS = [
  'type',
  'symbol',
  'expiry',
  'from',
  'to',
  'limit',
  'resolution',
  'cursor',
] as const satisfies readonly RequestField[];

/** Validates the payload of `get_history`. */
@Injectable()
export class HistoryPipe implements PipeTransform<unknown, HistoryDto> {
  /** @throws RequestError */
  transform(value: unknown): HistoryDto {
    return validateRequest(value, new HistoryDto(), FIELDS, { invalid: invalidHistory });
  }
}
