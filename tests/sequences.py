"""What each flow publishes of its own, in its order: one list for the tests of all layers."""

from typing import Final

SEND: Final = [
    "SendTransactionInitiated",
    "RecipientValidated",
    "AvailableBalanceReserved",
    "SolanaTransferRequested",
    "SolanaTransferBroadcast",
    "SolanaTransferConfirmed",
    "RecipientBalanceUpdated",
    "SendTransactionCompleted",
]

WITHDRAW: Final = [
    "WithdrawTransactionInitiated",
    "ExternalWalletValidated",
    "AvailableBalanceReserved",
    "DEXProviderSelected",
    "AssetConversionRequested",
    "AssetConversionCompleted",
    "CrossChainTransferRequested",
    "CrossChainTransferConfirmed",
    "WithdrawTransactionCompleted",
]

WITHDRAW_HELD: Final = [
    "InvestedBalanceReserved" if name == "AvailableBalanceReserved" else name for name in WITHDRAW
]

WITHDRAW_TO_BANK: Final = [
    "WithdrawTransactionInitiated",
    "OffRampProviderSelected",
    "AvailableBalanceReserved",
    "USDCToFiatConversionRequested",
    "USDCToFiatConversionCompleted",
    "FiatTransferRequested",
    "FiatTransferConfirmed",
    "WithdrawTransactionCompleted",
]

BUY: Final = [
    "BuyTransactionInitiated",
    "AvailableBalanceReserved",
    "DEXProviderSelected",
    "AssetSwapRequested",
    "AssetSwapCompleted",
    "InvestedBalanceUpdated",
    "BuyTransactionCompleted",
]

SELL: Final = [
    "SellTransactionInitiated",
    "InvestedBalanceReserved",
    "DEXProviderSelected",
    "AssetSwapRequested",
    "AssetSwapCompleted",
    "AvailableBalanceUpdated",
    "SellTransactionCompleted",
]

LAUNCH: Final = [
    "StrategyLaunchInitiated",
    "AvailableBalanceReserved",
    "DeFiProviderSelected",
    "RequiredAssetSwapRequested",
    "RequiredAssetSwapCompleted",
    "DeFiStrategyDeployRequested",
    "DeFiStrategyDeployed",
    "StrategyBalanceUpdated",
    "StrategyLaunchCompleted",
]

STOP: Final = [
    "StrategyStopInitiated",
    "PositionReserved",
    "DeFiStrategyWithdrawRequested",
    "DeFiStrategyWithdrawn",
    "AssetToUSDCSwapRequested",
    "AssetToUSDCSwapCompleted",
    "AvailableBalanceUpdated",
    "StrategyStopCompleted",
]
