import { type WorkloadOptions } from '../matching-workload.mjs';

export function generate(options: WorkloadOptions): Buffer;
