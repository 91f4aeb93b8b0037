import type { AdminStats, ReplicaStats } from '../../src/contract/admin-stats.js';
import type { Action } from './actions/action.js';
import { oneTarget, sendNotice } from './actions/notice.js';
import { AdminApi, type Credentials } from './api/admin-api.js';
import { StatsStream } from './api/stats-stream.js';
import { ConnectionState } from './connection-state.js';
import { Navigation } from './navigation.js';
import { Charts } from './panels/charts.js';
import { Clients } from './panels/clients.js';
import { Logs } from './panels/logs.js';
import { ProblemList } from './panels/problem-list.js';
import { ReplicaTable } from './panels/replica-table.js';
import { Tiles } from './panels/tiles.js';
import { Traffic } from './panels/traffic.js';
import { Increases } from './stats/increases.js';
import { problemsOf } from './stats/problems.js';
import { pointOf, Recent } from './stats/recent.js';
import { ActionDialog } from './ui/action-dialog.js';
import type { Announcer } from './ui/announcer.js';
import { showConfig } from './ui/config-dialog.js';
import { byId } from './ui/dom.js';

/** The page after signing in: it connects the stream of stats with everything that shows them. */
export class Console {
  private readonly recent = new Recent();
  private readonly increases = new Increases();
  private readonly stream: StatsStream;
  private readonly connection: ConnectionState;
  private readonly problems: ProblemList;
  private readonly tiles = new Tiles();
  private readonly replicas: ReplicaTable;
  private readonly charts: Charts;
  private readonly traffic: Traffic;
  private readonly clients: Clients;
  private readonly logs: Logs;
  private readonly navigation: Navigation;
  private newest: AdminStats | undefined;

  /** @param onRefused called with the reason if the gateway no longer accepts the token */
  constructor(credentials: Credentials, announcer: Announcer, onRefused: (problem: string) => void) {
    const announce = (text: string) => announcer.say(text);
    const api = new AdminApi(credentials, () => onRefused('The gateway does not accept this token.'));
    const dialog = new ActionDialog((done) => {
      this.logs.add(done);
      this.clients.update();
    });
    const act = (action: Action) => dialog.open(action);
    const connected = () => this.newest?.total.clients;
    this.connection = new ConnectionState(announce);
    this.problems = new ProblemList(announce);
    this.replicas = new ReplicaTable({
      api,
      act,
      showConfig: (replica) => void showConfig(api, replica, this.reportOf(replica)),
      stats: () => this.newest,
    });
    this.charts = new Charts(this.recent, announce);
    this.clients = new Clients(api, act);
    this.logs = new Logs(api, act, connected);
    this.traffic = new Traffic(
      {
        showClients: (room) => {
          this.clients.findInRoom(room);
          this.navigation.go('clients');
        },
        notify: (room) => act(sendNotice(api, oneTarget({ room }), connected)),
      },
      Date.now() / 1_000,
    );
    this.navigation = new Navigation((view) => {
      this.charts.visible = view === 'overview';
      this.clients.visible = view === 'clients';
      this.logs.visible = view === 'logs';
    });
    this.stream = new StatsStream(api, {
      onState: (state) => this.connection.set(state),
      onStats: (stats) => this.take(stats),
      onRefused,
    });
    byId('retry', HTMLButtonElement).addEventListener('click', () => this.stream.retryNow());
    document.addEventListener('visibilitychange', () => this.charts.draw());
    setInterval(() => this.connection.show(), 1_000);
  }

  start(): void {
    this.navigation.show();
    this.stream.start();
  }

  private reportOf(name: string): ReplicaStats | undefined {
    return this.newest?.replicas.find(({ replica }) => replica === name);
  }

  private take(stats: AdminStats): void {
    this.newest = stats;
    const increase = this.increases.take(stats);
    this.recent.add(
      stats.server_time,
      pointOf(stats, increase.handshakes_refused + increase.requests_refused),
    );
    this.connection.received();
    this.problems.show(problemsOf(stats));
    this.tiles.show(stats, this.increases);
    this.replicas.show(stats);
    this.traffic.show(stats, this.increases);
    this.clients.show(stats);
    this.charts.draw();
  }
}
