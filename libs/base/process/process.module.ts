import { type DynamicModule, Global, Module } from '@nestjs/common';
import { CLOCK } from '@base/clock';
import { Database } from '@base/database';
import { Events } from '@base/events';
import { Commands } from '@base/http';
import { Outbox } from '@base/jobs';
import { type Process } from './open-process.js';

export const PROCESS = Symbol('process');

/** Lets every module of an app inject what the process stands on: by class, the clock by `CLOCK`. */
@Global()
@Module({})
export class ProcessModule {
  static of(process: Process): DynamicModule {
    const { database, clock, outbox, events } = process;
    const providers = [
      { provide: PROCESS, useValue: process },
      { provide: Database, useValue: database },
      { provide: CLOCK, useValue: clock },
      { provide: Outbox, useValue: outbox },
      { provide: Events, useValue: events },
      { provide: Commands, useValue: new Commands(database) },
    ];
    return { module: ProcessModule, providers, exports: providers.map(({ provide }) => provide) };
  }
}
