import fc from '../../node_modules/fast-check/lib/fast-check.js';

/** fast-check as specs import it: with the one seed of this run (`npm test` sets it), so that a run can be repeated as it was. */
if (process.env.SEED) fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(process.env.SEED) });

export * from '../../node_modules/fast-check/lib/fast-check.js';
export default fc;
