kubectl run --image=never/this:2
