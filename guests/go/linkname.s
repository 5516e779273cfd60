// Its presence lets `programMain` be declared without a body.
