"""Bitcoin: signs a PSBT that spends this key's coins."""

from typing import Final

from embit import ec, script
from embit.psbt import PSBT

from domain.shared.assets import Asset
from infrastructure.chains.bitcoin.building import NotAPsbt, parse_psbt
from infrastructure.demo.device.refusal import (
    WillNotSign,
    decode,
    demand_at_most,
    demand_cost_at_most,
    encode,
)

# A thousand virtual bytes at five hundred satoshi each: wallets ask twice beyond that.
FEE_SATOSHI_MAX: Final = 500_000


class BitcoinKey:
    """A native segwit key (P2WPKH)."""

    def __init__(self, secret: bytes) -> None:
        self._key = ec.PrivateKey(secret)
        self._script = script.p2wpkh(self._key.get_public_key())

    @property
    def address(self) -> str:
        return str(self._script.address())

    def sign(self, payload: str, asset: Asset, *, spends_at_most: int) -> str:  # noqa: ARG002 - there is one asset on this chain
        """The PSBT with our signatures. What pays anybody else counts, and change does not; the
        network's fee is bounded by itself."""
        try:
            psbt = parse_psbt(decode(payload, "Bitcoin"))
        except NotAPsbt:
            raise WillNotSign("the payload is no Bitcoin transaction") from None
        self._judge(psbt, spends_at_most)
        if psbt.sign_with(self._key) != len(psbt.inputs):
            raise WillNotSign("the transaction does not ask for this key's signature")
        return encode(bytes(psbt.serialize()))

    def _judge(self, psbt: PSBT, spends_at_most: int) -> None:
        ours = self._script.data
        if any(one.utxo is None or one.utxo.script_pubkey.data != ours for one in psbt.inputs):
            raise WillNotSign("the transaction does not ask for this key's signature")
        paid = [one.value for one in psbt.outputs if one.script_pubkey.data != ours]
        demand_at_most(sum(paid), spends_at_most)
        demand_cost_at_most(psbt.fee(), FEE_SATOSHI_MAX)
