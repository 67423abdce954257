/** `troupe test …`: one statechart is the runtime, the log's schema and the test oracle. */
import type { AddCommand } from './context.ts';
import { addTestConform } from './test-conform.ts';
import { addTestCoverage } from './test-coverage.ts';
import { addTestExport } from './test-export.ts';
import { addTestFuzz } from './test-fuzz.ts';
import { addTestPaths } from './test-paths.ts';
import { addTestRun } from './test-run.ts';

const commands: AddCommand[] = [addTestPaths, addTestRun, addTestFuzz, addTestConform, addTestExport, addTestCoverage];

export const addTest: AddCommand = (program, context, ends) => {
  const group = program.command('test').description('the life of machines as tests, from the machines themselves');
  for (const add of commands) add(group, context, ends);
};
