export {
  type Authenticate,
  type ChainFields,
  FakeGateway,
  type FakeGatewayOptions,
  type ReceivedRequest,
  type RejectionOptions,
} from './fake-gateway.js';
