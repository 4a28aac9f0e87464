"""What of Sui's GraphQL schema is served here, with the names and types that it has there."""

from typing import Final

from graphql import build_schema

SDL: Final = """
scalar Base64
scalar BigInt
scalar DateTime
scalar SuiAddress
scalar UInt53

type Query {
  address(address: SuiAddress): Address
  chainIdentifier: String!
  checkpoint(sequenceNumber: UInt53): Checkpoint
  epoch: Epoch
  multiGetObjects(keys: [ObjectKey!]!): [Object]!
  object(address: SuiAddress!): Object
  objectVersions(first: Int, address: SuiAddress!, filter: VersionFilter): ObjectConnection
  transaction(digest: String!): Transaction
  transactions(
    first: Int, after: String, last: Int, filter: TransactionFilter
  ): TransactionConnection
}

type Mutation {
  executeTransaction(transactionDataBcs: Base64!, signatures: [Base64!]!): ExecutionResult!
}

input ObjectKey {
  address: SuiAddress!
}

input ObjectFilter {
  type: String
}

input VersionFilter {
  afterVersion: UInt53
}

input TransactionFilter {
  affectedAddress: SuiAddress
  affectedObject: SuiAddress
  afterCheckpoint: UInt53
  beforeCheckpoint: UInt53
}

type Address {
  address: SuiAddress!
  balance(coinType: String!): Balance
  objects(first: Int, after: String, filter: ObjectFilter): MoveObjectConnection
}

type Balance {
  addressBalance: BigInt
  coinBalance: BigInt
  coinType: MoveType
  totalBalance: BigInt
}

type MoveType {
  repr: String!
}

type MoveValue {
  bcs: Base64
  type: MoveType
}

type Object {
  address: SuiAddress!
  digest: String
  previousTransaction: Transaction
  version: UInt53
}

type ObjectConnection {
  nodes: [Object!]!
  pageInfo: PageInfo!
}

type ObjectChange {
  address: SuiAddress!
  inputState: Object
  outputState: Object
}

type ObjectChangeConnection {
  nodes: [ObjectChange!]!
  pageInfo: PageInfo!
}

type MoveObject {
  address: SuiAddress!
  contents: MoveValue
  digest: String
  version: UInt53
}

type PageInfo {
  endCursor: String
  hasNextPage: Boolean!
}

type MoveObjectConnection {
  nodes: [MoveObject!]!
  pageInfo: PageInfo!
}

type Epoch {
  epochId: UInt53!
  referenceGasPrice: BigInt
}

type Checkpoint {
  digest: String
  sequenceNumber: UInt53!
  timestamp: DateTime
}

type TransactionConnection {
  nodes: [Transaction!]!
  pageInfo: PageInfo!
}

type Transaction {
  digest: String!
  effects: TransactionEffects
  sender: Address
  transactionBcs: Base64
}

type ExecutionResult {
  effects: TransactionEffects
}

enum ExecutionStatus {
  SUCCESS
  FAILURE
}

type ExecutionError {
  message: String!
}

type TransactionEffects {
  balanceChanges(first: Int, after: String): BalanceChangeConnection
  checkpoint: Checkpoint
  digest: String!
  executionError: ExecutionError
  gasEffects: GasEffects
  lamportVersion: UInt53
  objectChanges(first: Int, after: String): ObjectChangeConnection
  status: ExecutionStatus
}

type GasEffects {
  gasSummary: GasCostSummary
}

type GasCostSummary {
  computationCost: UInt53
  nonRefundableStorageFee: UInt53
  storageCost: UInt53
  storageRebate: UInt53
}

type BalanceChangeConnection {
  nodes: [BalanceChange!]!
  pageInfo: PageInfo!
}

type BalanceChange {
  amount: BigInt
  coinType: MoveType
  owner: Address
}
"""

SCHEMA: Final = build_schema(SDL)
