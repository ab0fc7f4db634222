"""What a network costs: parameters, multiply-accumulates, memory and time on a named device."""
