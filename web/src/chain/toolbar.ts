import { create, setAttribute } from '../dom.js';
import { STRIKE_CHOICES, type StrikeChoice } from './strikes.js';

export interface ToolbarActions {
  readonly strikes: (choice: StrikeChoice) => void;
  readonly greeks: () => void;
  readonly follow: () => void;
  readonly csv: () => void;
}

/** The buttons of the ladder. */
export class Toolbar {
  readonly element = create('div', 'chain-tools');
  private readonly strikes = new Map<StrikeChoice, HTMLButtonElement>();
  private readonly greeks: HTMLButtonElement;
  private readonly follow: HTMLButtonElement;
  private readonly csv: HTMLButtonElement;

  /** @param chooser the list of the columns, which stands next to the button for the Greeks */
  constructor(actions: ToolbarActions, chooser: HTMLElement) {
    const group = create('div', 'chain-group');
    group.setAttribute('role', 'group');
    group.setAttribute('aria-label', 'Strikes on each side of the money');
    for (const choice of STRIKE_CHOICES) {
      const text = choice === 'all' ? 'All' : `±${choice}`;
      const button = toolButton(text, () => actions.strikes(choice));
      button.dataset.strikes = String(choice);
      this.strikes.set(choice, button);
      group.append(button);
    }
    this.greeks = toolButton('Greeks', actions.greeks);
    this.follow = toolButton('Centre', actions.follow, 'Keep the strike at the money in the middle');
    this.csv = toolButton('CSV', actions.csv, 'Save these strikes as a CSV file');
    this.element.append(group, this.greeks, chooser, this.follow, this.csv);
  }

  draw(strikes: StrikeChoice, hasGreeks: boolean, isEmpty: boolean): void {
    for (const [choice, button] of this.strikes) press(button, choice === strikes);
    press(this.greeks, hasGreeks);
    this.csv.disabled = isEmpty;
  }

  drawFollow(follows: boolean): void {
    press(this.follow, follows);
  }
}

function toolButton(text: string, action: () => void, title?: string): HTMLButtonElement {
  const button = create('button', 'button', text);
  button.type = 'button';
  if (title) button.title = title;
  button.addEventListener('click', action);
  return button;
}

function press(button: HTMLButtonElement, isPressed: boolean): void {
  setAttribute(button, 'aria-pressed', String(isPressed));
}
