#!/bin/bash
kubectl apply -k .
