import type { Problem } from '../stats/problems.js';
import { byId, el, setData, setText } from '../ui/dom.js';

/** What is wrong, the worst first. New problems and those that ended are announced. */
export class ProblemList {
  private readonly list = byId('problem-list', HTMLUListElement);
  private readonly none = byId('no-problems', HTMLParagraphElement);
  private readonly badge = byId('problem-count', HTMLElement);
  private readonly items = new Map<string, HTMLLIElement>();
  private known: ReadonlyMap<string, Problem> = new Map();

  constructor(private readonly announce: (text: string) => void) {}

  show(problems: readonly Problem[]): void {
    const now = new Map(problems.map((problem) => [problem.key, problem]));
    this.announceChanges(now);
    this.known = now;
    for (const [key, item] of this.items) {
      if (now.has(key)) continue;
      item.remove();
      this.items.delete(key);
    }
    for (const [index, problem] of problems.entries()) this.place(problem, index);
    this.none.hidden = problems.length > 0;
    this.count(problems);
  }

  private place({ key, severity, where, text }: Problem, index: number): void {
    let item = this.items.get(key);
    if (!item) {
      item = el('li', {}, el('span', { class: 'severity' }), el('b'), el('span'));
      this.items.set(key, item);
    }
    setData(item, 'severity', severity);
    const [shownSeverity, shownWhere, shownText] = [...item.children] as HTMLElement[];
    setText(shownSeverity!, severity);
    setText(shownWhere!, where);
    setText(shownText!, text);
    const present = this.list.children[index];
    if (present !== item) this.list.insertBefore(item, present ?? null);
  }

  private count(problems: readonly Problem[]): void {
    // Notices are not counted: they need no action.
    const urgent = problems.filter(({ severity }) => severity !== 'notice');
    this.badge.hidden = urgent.length === 0;
    setText(this.badge, String(urgent.length));
    this.badge.setAttribute('aria-label', `${urgent.length} problems`);
    setData(this.badge, 'severity', urgent[0]?.severity);
    const title = `${urgent.length > 0 ? `(${urgent.length}) ` : ''}Socket gateway operations`;
    if (document.title !== title) document.title = title;
  }

  private announceChanges(now: ReadonlyMap<string, Problem>): void {
    const urgent = ({ severity }: Problem) => severity !== 'notice';
    const begun = [...now.values()].filter((problem) => urgent(problem) && !this.known.has(problem.key));
    const ended = [...this.known.values()].filter((problem) => urgent(problem) && !now.has(problem.key));
    const said = [
      ...begun.map(({ where, text }) => `${where}: ${text}`),
      ...ended.map(({ where, text }) => `Over: ${where}: ${text}`),
    ];
    if (said.length > 0) this.announce(said.join(' '));
  }
}
