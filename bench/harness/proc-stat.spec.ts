import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { processTree } from './proc-stat.js';

describe('processTree', () => {
  it('finds the children of a process and their children', async () => {
    // The innermost shell tells its process id, and all of them wait for their input to end.
    const script = 'sh -c \'sh -c "echo \\$\\$; cat" <&3; :\' 3<&0; :';
    const outer = spawn('sh', ['-c', script], { stdio: ['pipe', 'pipe', 'inherit'] });
    const [line] = (await once(outer.stdout, 'data')) as [Buffer];
    const tree = processTree(outer.pid!);
    outer.stdin.end();
    await once(outer, 'exit');
    expect(tree).toContain(outer.pid);
    expect(tree).toContain(Number(line));
    expect(tree.length).toBeGreaterThanOrEqual(3);
  });

  it('has only the process itself if it has no children or has ended', () => {
    expect(processTree(2 ** 30)).toEqual([2 ** 30]);
  });
});
