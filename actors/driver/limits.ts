/** For those who may not import machines. */
export { type DriverLimits, defaultLimits } from '../../machines/driver-limits.ts';
