import { applyDecorators } from '@nestjs/common';
import { Type } from 'class-transformer';
import {
  Equals,
  IsBoolean,
  IsDefined,
  IsIn,
  IsInt,
  IsNumber,
  IsOptional,
  IsString,
  IsUUID,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';
import { LOG_LEVELS } from '../../config/environment.js';
import { NOTICE_LEVELS, type Notice } from '../../contract/index.js';
import { REPLICA_PATTERN } from '../../replicas/replica-name.js';
import { TRANSPORT_NAMES, type TransportName } from '../../transports/socket-io/connection-kind.js';
import { CLIENT_ORDERS, type ClientOrder } from '../clients/client-info.js';
import { MAX_FOUND } from '../clients/client-actions.js';
import { MAX_LOGGING_SECONDS } from '../replicas/replica-actions.js';
import { MAX_PROFILE_SECONDS } from './diagnostics.js';

/* The messages complete "FIELD ...". */

const OptionalName = () =>
  applyDecorators(IsOptional(), Length(1, 256, { message: 'must be a text of 1 to 256 characters' }));

const ReplicaName = () =>
  Matches(REPLICA_PATTERN, { message: 'must be the name of a replica, as admin_stats shows it' });

/** The first of these checks is the one that an error names. */
const WholeNumber = (most: number, message: string) =>
  applyDecorators(IsInt({ message }), Min(1, { message }), Max(most, { message }));

const WholeSeconds = (most: number) =>
  WholeNumber(most, `must be a whole number of seconds from 1 to ${most}`);

/** One client, or all clients of one user. */
class ClientOrUserDto {
  @OptionalName()
  client_id?: string;

  @OptionalName()
  user?: string;
}

/** The query for clients. A client is found if all given fields match. */
export class ClientsQueryDto extends ClientOrUserDto {
  @OptionalName()
  address?: string;

  @OptionalName()
  room?: string;

  @IsOptional()
  @IsIn(TRANSPORT_NAMES, { message: `must be one of ${TRANSPORT_NAMES.join(', ')}` })
  transport?: TransportName;

  @IsOptional()
  @ReplicaName()
  replica?: string;

  @IsOptional()
  @IsIn(CLIENT_ORDERS, { message: `must be one of ${CLIENT_ORDERS.join(', ')}` })
  sort: ClientOrder = 'lag_ms';

  @IsOptional()
  @Type(() => Number)
  @WholeNumber(MAX_FOUND, `must be a whole number from 1 to ${MAX_FOUND}`)
  limit = 50;
}

export class DisconnectDto extends ClientOrUserDto {
  @IsOptional()
  @IsBoolean({ message: 'must be true or false' })
  reconnect = false;
}

/** Whom a notice is for: exactly one of the fields. */
export class NoticeTargetDto extends ClientOrUserDto {
  @OptionalName()
  room?: string;

  @IsOptional()
  @Equals(true, { message: 'must be true, or left out' })
  everyone?: true;
}

export class NoticeDto {
  @IsIn(NOTICE_LEVELS, { message: `must be one of ${NOTICE_LEVELS.join(', ')}` })
  level!: Notice['level'];

  @Length(1, 500, { message: 'must be a text of 1 to 500 characters' })
  @IsString({ message: 'must be a text of 1 to 500 characters' })
  text!: string;

  @IsOptional()
  @MaxLength(500, { message: 'must be an https URL of at most 500 characters' })
  @Matches(/^https:\/\/[^\s"'<>]+$/, { message: 'must be an https URL of at most 500 characters' })
  link?: string;

  @ValidateNested({ message: 'must be an object' })
  @IsDefined({ message: 'is missing; name everyone, room, user or client_id in it' })
  @Type(() => NoticeTargetDto)
  to!: NoticeTargetDto;
}

export class RebalanceDto {
  @Max(1, { message: 'must be above 0 and at most 1' })
  @Min(Number.MIN_VALUE, { message: 'must be above 0 and at most 1' })
  @IsNumber({}, { message: 'must be above 0 and at most 1' })
  share!: number;

  @WholeSeconds(3_600)
  over_seconds!: number;
}

export class LogLevelDto {
  @WholeSeconds(MAX_LOGGING_SECONDS)
  for_seconds!: number;

  @IsIn(LOG_LEVELS, { message: `must be one of ${LOG_LEVELS.join(', ')}` })
  level!: string;

  @IsOptional()
  @ReplicaName()
  replica?: string;
}

export class TraceDto extends ClientOrUserDto {
  @WholeSeconds(MAX_LOGGING_SECONDS)
  for_seconds!: number;
}

export class TraceIdDto {
  @IsUUID(undefined, { message: 'must be the trace_id of a trace' })
  trace_id!: string;
}

export class ReplicaQueryDto {
  @IsOptional()
  @ReplicaName()
  replica?: string;
}

export class ReplicaPathDto {
  @ReplicaName()
  replica!: string;
}

export class ProfileDto {
  @WholeSeconds(MAX_PROFILE_SECONDS)
  seconds!: number;
}
