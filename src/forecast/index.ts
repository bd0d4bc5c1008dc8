export { Forecaster, type ForecastOptions, forecast } from './forecast.js';
export { type KernelSaid, type KernelTexts, kernelSaid } from './kernel-said.js';
export type * from './verdict.js';
