"""Stand-ins of the model services that course examples call, with real miniatures behind them."""
