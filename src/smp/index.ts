export { attachCpu, type Cpu } from './cpu.js';
export { type DriveEnd, driveJob, type SmpDriveOptions } from './drive-job.js';
export { createSharedMachine, type SharedMachine, shareMachine } from './shared-machine.js';
export { SmpHost } from './smp-host.js';
export { smpModule } from './smp-module.js';
export { cpuIsGone, killCpu, stopAll } from './supervise.js';
