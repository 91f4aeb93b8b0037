import { randomUUID } from 'node:crypto';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { CLOCK, type Clock } from '../common/clock.js';
import { messageOf } from '../common/message-of.js';
import { isRecord, type MessageBody } from './replica-message.js';
import { ReplicaBus } from './replica-bus.js';
import { Roster } from './roster.js';

/** How long a caller waits for answers, ms. */
export const ANSWER_MS = 2_000;
/** The most calls that wait for answers. */
const MAX_CALLS = 1_000;

/** Does what was asked for, on this replica. */
type Action = (args: MessageBody) => object | Promise<object>;

/** What came of a call. It is complete if `missing` and `failed` are empty. */
export interface Answers<T> {
  readonly answers: readonly { readonly replica: string; readonly answer: T }[];
  /** The replicas that did not answer in time. */
  readonly missing: readonly string[];
  /** The replicas that could not do it, with the reason. */
  readonly failed: readonly { readonly replica: string; readonly problem: string }[];
}

interface Call {
  readonly awaited: Set<string>;
  readonly answers: { replica: string; answer: object }[];
  readonly failed: { replica: string; problem: string }[];
  finish: () => void;
}

/** This replica waits for the answers to too many calls. */
export class TooManyCallsError extends Error {}

/** The target of a call is no replica that serves. */
export class UnknownReplicaError extends Error {}

/**
 * Calls actions on all replicas, or on one. A replica that has just died cannot answer, so an answer
 * names who is missing instead of failing.
 */
@Injectable()
export class ReplicaCalls implements OnModuleInit {
  private readonly actions = new Map<string, Action>();
  private readonly calls = new Map<string, Call>();

  constructor(
    private readonly bus: ReplicaBus,
    private readonly roster: Roster,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.bus.on('call', (from, body) => void this.serve(from, body));
    this.bus.on('answer', (from, body) => this.take(from, body));
  }

  /** Declares what a call of this name does here. */
  provide(name: string, action: Action): void {
    this.actions.set(name, action);
  }

  /**
   * Calls an action on every replica, also on this one.
   * @param to only on the replica of this name
   * @throws UnknownReplicaError if there is no replica of this name
   * @throws TooManyCallsError if too many calls wait for answers
   */
  async ask<T extends object>(name: string, args: MessageBody, to?: string): Promise<Answers<T>> {
    const { others } = this.roster;
    const awaited = to === undefined ? others : others.filter((other) => other === to);
    const isHere = to === undefined || to === this.bus.name;
    if (!isHere && awaited.length === 0) throw new UnknownReplicaError(`There is no replica ${to}.`);
    if (this.calls.size >= MAX_CALLS)
      throw new TooManyCallsError('Too many calls wait for the answers of replicas. Try again.');
    const call: Call = { awaited: new Set(awaited), answers: [], failed: [], finish: () => undefined };
    const own = isHere ? this.run(name, args) : undefined;
    if (awaited.length > 0) await this.askOthers(call, { name, args, ...(to !== undefined && { to }) });
    if (own) note(call, this.bus.name, await own);
    const { problem } = this.roster;
    if (to === undefined && problem !== undefined)
      call.failed.push({
        replica: this.bus.name,
        problem: `Other replicas may not have been asked: ${problem}`,
      });
    return {
      answers: sorted(call.answers) as unknown as Answers<T>['answers'],
      missing: [...call.awaited].sort(),
      failed: sorted(call.failed),
    };
  }

  private async askOthers(call: Call, body: MessageBody): Promise<void> {
    const id = randomUUID();
    const done = new Promise<void>((resolve) => (call.finish = resolve));
    this.calls.set(id, call);
    const timer = this.clock.after(ANSWER_MS, call.finish);
    try {
      this.bus.send('call', { id, ...body });
      await done;
    } finally {
      timer.cancel();
      this.calls.delete(id);
    }
  }

  private async serve(from: string, { id, name, args, to }: MessageBody): Promise<void> {
    this.roster.heard(from);
    if (typeof id !== 'string' || typeof name !== 'string' || !isRecord(args)) return;
    if (to !== undefined && to !== this.bus.name) return;
    const outcome = await this.run(name, args);
    try {
      this.bus.send('answer', { id, ...outcome });
    } catch (error) {
      this.bus.send('answer', { id, problem: messageOf(error) });
    }
  }

  private take(from: string, { id, answer, problem }: MessageBody): void {
    this.roster.heard(from);
    const call = this.calls.get(String(id));
    if (!call?.awaited.delete(from)) return;
    note(call, from, {
      ...(isRecord(answer) && { answer }),
      ...(typeof problem === 'string' && { problem }),
    });
    if (call.awaited.size === 0) call.finish();
  }

  private async run(name: string, args: MessageBody): Promise<Outcome> {
    try {
      const action = this.actions.get(name);
      if (!action) return { problem: `This replica's version has no action ${name}.` };
      return { answer: await action(args) };
    } catch (error) {
      return { problem: messageOf(error) };
    }
  }
}

interface Outcome {
  readonly answer?: object;
  readonly problem?: string;
}

function note(call: Call, replica: string, { answer, problem }: Outcome): void {
  if (answer) call.answers.push({ replica, answer });
  else call.failed.push({ replica, problem: problem ?? 'The answer is not an object.' });
}

function sorted<T extends { readonly replica: string }>(list: readonly T[]): T[] {
  return [...list].sort((a, b) => (a.replica < b.replica ? -1 : 1));
}
