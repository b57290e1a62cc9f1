SELECT epoch, owner, leased_until_us FROM tables WHERE name = ? AND generation = ? AND NOT kept_us
